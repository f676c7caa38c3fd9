// A network cable between a browser and the server, which a story can pull out. The browser's own
// "offline" leaves an event stream open that runs already; a cable that is out ends it.
import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { serverUrl } from './api';

export class Cable {
  #server: Server;
  #sockets = new Set<Socket>();
  #isOut = false;

  private constructor() {
    const { hostname, port } = new URL(serverUrl());
    this.#server = createServer((near) => {
      if (this.#isOut) {
        near.destroy();
        return;
      }
      const far = connect(Number(port), hostname);
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) this.#keep(socket, socket === near ? far : near);
    });
  }

  static async plugIn(): Promise<Cable> {
    const cable = new Cable();
    await new Promise<void>((resolve) => { cable.#server.listen(0, '127.0.0.1', resolve); });
    return cable;
  }

  /** The server's address at this end. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends all connections and lets no new one through. */
  pullOut(): void {
    this.#isOut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  putBack(): void {
    this.#isOut = false;
  }

  close(): void {
    this.pullOut();
    this.#server.close();
  }

  #keep(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => { other.destroy(); });
    socket.on('close', () => { this.#sockets.delete(socket); other.destroy(); });
  }
}
