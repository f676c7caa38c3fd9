// A file of people, given to the page that imports it.
import type { Page } from '@playwright/test';

/** Lets the import page check a CSV file. */
export async function checkFile(page: Page, name: string, lines: string[]): Promise<void> {
  await page.getByLabel('File', { exact: true }).setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) });
  await page.getByRole('button', { name: 'Check the file' }).click();
}
