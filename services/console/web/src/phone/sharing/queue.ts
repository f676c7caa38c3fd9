// Fixes that are not sent yet, in the browser's database: they stay there when the page is closed or
// killed, until the API has said what became of them. Each belongs to the person who was there, so that
// it is sent by whatever device of theirs this browser is later, and never as another's.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Fix } from './fix';

interface Schema extends DBSchema {
  fixes: {
    key: string;
    value: { key: string; staff: string; fix: Fix };
    indexes: { oldest: [string, string] };
  };
}

const NAME = 'nearhand-phone';
const VERSION = 2;
/** On disk before it counts as stored. */
const SAFE = { durability: 'strict' } as const;

/** The stored fixes. */
export class Queue {
  #opened: Promise<IDBPDatabase<Schema>> | null = null;

  async #database(): Promise<IDBPDatabase<Schema>> {
    this.#opened ??= openDB<Schema>(NAME, VERSION, {
      upgrade(database, before) {
        // The first version knew only devices and not whose they were. It was never released.
        if (before > 0) database.deleteObjectStore('fixes');
        database.createObjectStore('fixes', { keyPath: 'key' }).createIndex('oldest', ['staff', 'fix.fix_at'] as never);
      },
      // Another tab wants a newer form of the database, or the browser has closed it: open it anew.
      blocking: (_current, _blocked, event) => { (event.target as IDBDatabase).close(); this.#opened = null; },
      terminated: () => { this.#opened = null; },
    });
    try {
      return await this.#opened;
    } catch (thrown) {
      this.#opened = null;
      throw thrown;
    }
  }

  /** Stores a fix. Resolves once it is on disk. The same key again changes nothing. */
  async add(staff: string, fix: Fix): Promise<void> {
    const database = await this.#database();
    const tx = database.transaction('fixes', 'readwrite', SAFE);
    await Promise.all([tx.store.put({ key: fix.key, staff, fix }), tx.done]);
  }

  /** The oldest fixes of a person, by the time they were taken. */
  async oldest(staff: string, limit: number): Promise<Fix[]> {
    const database = await this.#database();
    const found = await database.getAllFromIndex('fixes', 'oldest', allOf(staff), limit);
    return found.map((entry) => entry.fix);
  }

  /** How many of a person wait. */
  async count(staff: string): Promise<number> {
    return (await this.#database()).countFromIndex('fixes', 'oldest', allOf(staff));
  }

  /** Forgets fixes whose fate is known. */
  async remove(keys: string[]): Promise<void> {
    const database = await this.#database();
    const tx = database.transaction('fixes', 'readwrite', SAFE);
    await Promise.all([...keys.map((key) => tx.store.delete(key)), tx.done]);
  }

  /** Forgets all of a person, whichever device took them. */
  async clear(staff: string): Promise<void> {
    const database = await this.#database();
    const keys = await database.getAllKeysFromIndex('fixes', 'oldest', allOf(staff));
    await this.remove(keys);
  }
}

function allOf(staff: string): IDBKeyRange {
  return IDBKeyRange.bound([staff, ''], [staff, '\uffff']);
}
