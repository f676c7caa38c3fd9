// The mails that the server would have sent, as its outbox shows them to this machine.
import { expect } from '@playwright/test';
import { serverUrl } from './api';

/** The link in the newest mail to somebody whose subject begins so, without the host. */
export async function mailedLink(to: string, subject: string): Promise<string> {
  let mail = '';
  await expect(async () => {
    const list = await read('/dev/outbox');
    const row = list.split('<tr>').find((one) => one.includes(`<td>${to}</td>`) && one.includes(`>${subject}`));
    const id = /\/dev\/outbox\/([0-9a-f-]+)/.exec(row ?? '')?.[1];
    expect(id, `a mail “${subject}” to ${to}`).toBeDefined();
    mail = await read(`/dev/outbox/${id}`);
  }).toPass({ timeout: 60_000 });
  const link = /https?:\/\/[^"<>\s]+#[^"<>\s]+/.exec(mail)?.[0];
  if (!link) throw new Error(`no link in the mail:\n${mail}`);
  const { pathname, search, hash } = new URL(link.replaceAll('&amp;', '&'));
  return pathname + search + hash;
}

async function read(path: string): Promise<string> {
  const response = await fetch(serverUrl() + path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.text();
}
