import { expect, test } from 'vitest';
import { shownOf } from './apps';

type Setup = Parameters<typeof shownOf>[0];
const linked = (link: string, url: string) => ({ link, url, qr_png: 'data:image/png;base64,', qr_svg: '<svg/>' });
const setup = {
  owntracks: { ...linked('owntracks:///config?inline=e30', 'https://n.example/ingest/owntracks'), file: {} },
  overland: linked('overland://setup?url=x', 'https://n.example/ingest/overland'),
  traccar: linked('https://n.example/ingest/traccar/secret?id=1', 'https://n.example/ingest/traccar/secret'),
  gpslogger: { url: 'https://n.example/ingest/gpslogger/secret', profile: 'log_customurl=1' },
} as unknown as Setup;

test('a link that opens an app is a button, an address of the web is only scanned', () => {
  expect(shownOf(setup, 'secret', 'owntracks')).toMatchObject({ link: 'owntracks:///config?inline=e30', token: 'secret' });
  expect(shownOf(setup, 'secret', 'traccar')).toMatchObject({ link: null, token: null, qr: 'data:image/png;base64,' });
});

test('GPSLogger has a profile and no code', () => {
  expect(shownOf(setup, 'secret', 'gpslogger')).toEqual({ url: 'https://n.example/ingest/gpslogger/secret', token: null, link: null, qr: null, profile: 'log_customurl=1' });
});
