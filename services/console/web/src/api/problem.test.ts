import { describe, expect, it } from 'vitest';
import { forReaders } from './problem';

describe('what the API says to programs', () => {
  it.each([
    ['they have a password of their own; a lost one is set anew by POST /v1/password-resets', 'they have a password of their own'],
    ['it needs your present one: use POST /v1/me/password', 'it needs your present one'],
    ['1 of 1 slots are taken: raise `slots` or take one back first, see GET /v1/assignments?case=1', '1 of 1 slots are taken: raise `slots` or take one back first'],
    ['you have 5 exports; remove one with DELETE /v1/exports/{id}, or wait a day', 'you have 5 exports'],
    ['choose another name', 'choose another name'],
    ['log in at POST /v1/sessions', 'log in at POST /v1/sessions'],
  ])('is shortened to what a reader can use: %s', (said, shown) => {
    expect(forReaders(said)).toBe(shown);
  });
});
