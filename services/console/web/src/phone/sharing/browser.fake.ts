// What tests of sharing need of a browser: its storage, its locks, and pages that nobody hides.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { vi } from 'vitest';
import type { Fix } from './fix';

/** A new browser, in which this device is enrolled for this person. */
export function fakeBrowser(enrolled?: { device: string; staff: string }): void {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('removeEventListener', () => {});
  vi.stubGlobal('document', { hidden: false, addEventListener() {}, removeEventListener() {} });
  vi.stubGlobal('navigator', { userAgent: '', locks: { request: async (...asked: unknown[]) => (asked.at(-1) as () => Promise<void>)() } });
  if (enrolled) enrolAs(enrolled);
}

/** This browser is this device from now on. */
export function enrolAs(enrolment: { device: string; staff: string }): void {
  localStorage.setItem('nearhand.device', JSON.stringify(enrolment));
}

/** A fix of this minute. */
export function fixAt(key: string, minute = 0): Fix {
  return { key, fix_at: new Date(Date.UTC(2026, 10, 29, 12, minute)).toISOString(), lat: 38.7, lng: -9.1, accuracy_m: 8 };
}
