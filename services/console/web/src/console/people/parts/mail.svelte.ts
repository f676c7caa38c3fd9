// Follows a mail until it is sent: a job sends it.
import type { Schemas } from '../../../api/api';
import { poll } from '../../dispatch/poll';

const EVERY_MS = 3_000;
const ON_ITS_WAY = ['queued', 'sending'];

/** Reads a mail's state again and again while it is on its way and the component is shown. */
export function followMail(mail: () => Schemas['MailState'] | null | undefined, read: () => Promise<unknown>): void {
  const moving = $derived(ON_ITS_WAY.includes(mail()?.state ?? ''));
  $effect(() => (moving ? poll(EVERY_MS, read) : undefined));
}
