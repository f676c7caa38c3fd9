// Starts the server before the first story, and stops it after the last. NEARHAND_TEST_URL names one
// that runs already and has had its first run; it is left alone (`playwright test --no-deps`).
import { startServer } from './server';

export default async function globalSetup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.NEARHAND_TEST_URL) {
    process.env.NEARHAND_TEST_TOWN = String(Math.floor(Math.random() * 100));
    return undefined;
  }
  const server = await startServer();
  process.env.NEARHAND_TEST_URL = server.url;
  return server.stop;
}
