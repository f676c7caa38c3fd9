// The real binary with PostgreSQL and Redis of its own, in a folder that goes with it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the first organisation is made with. */
export const BOOTSTRAP_TOKEN = 'token-of-the-browser-tests';

const START_MS = 180_000;
const STOP_MS = 30_000;

/** A server that runs. */
export type Server = { url: string; stop: () => Promise<void> };

/** Starts the binary that NEARHAND_BINARY names and waits until it is ready. */
export async function startServer(): Promise<Server> {
  const binary = process.env.NEARHAND_BINARY;
  if (!binary) throw new Error('NEARHAND_BINARY must name the binary; `./dev test --browser` builds it.');
  const folder = await mkdtemp(join(tmpdir(), 'nearhand-browser-'));
  // As root, the databases' own user has to reach it.
  await chmod(folder, 0o755);
  try {
    return await serve(binary, folder);
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
}

async function serve(binary: string, folder: string): Promise<Server> {
  const log = join(folder, 'server.log');
  const address = `127.0.0.1:${await freePort()}`;
  const child = await run(binary, address, folder, log);
  const killAtExit = () => { child.kill('SIGTERM'); };
  process.once('exit', killAtExit);
  const stop = async () => {
    process.off('exit', killAtExit);
    const faults = (await readFile(log, 'utf8')).split('\n').filter((line) => /panicked| ERROR /.test(line));
    await end(child);
    await rm(folder, { recursive: true, force: true });
    if (faults.length > 0) throw new Error(`the server's log holds errors:\n${faults.join('\n')}`);
  };
  try {
    await untilReady(`http://${address}`, child);
  } catch (thrown) {
    await end(child);
    throw new Error(`${String(thrown)}\n${await readFile(log, 'utf8')}`);
  }
  return { url: `http://${address}`, stop };
}

async function run(binary: string, address: string, folder: string, log: string): Promise<ChildProcess> {
  const output = await open(log, 'w');
  const args = ['up', '--data-dir', join(folder, 'data'), '--listen', address, '--metrics-listen', '127.0.0.1:0', '--log', 'warn'];
  const child = spawn(binary, args, {
    // A group of its own: Ctrl-C reaches it through the runner, once the stories have ended.
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
    env: { ...process.env, NEARHAND_BOOTSTRAP_TOKEN: BOOTSTRAP_TOKEN },
  });
  try {
    await once(child, 'spawn');
  } finally {
    await output.close();
  }
  return child;
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    if (hasEnded(child)) throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}`);
    const ready = await fetch(`${url}/readyz`).then((response) => response.ok, () => false);
    if (ready) return;
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
  throw new Error(`the server was not ready within ${START_MS / 1_000} s`);
}

/** Asks it to stop; kills it with all that it started if it does not. */
async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  child.kill('SIGTERM');
  const timer = setTimeout(() => { killGroup(child.pid!); }, STOP_MS);
  await ended;
  clearTimeout(timer);
}

/** Whether it has ended by itself or by a signal. */
function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Kills a process with all that it started, unless they are gone already. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address && typeof address === 'object') resolve(address.port);
        else reject(new Error('no free port'));
      });
    });
  });
}
