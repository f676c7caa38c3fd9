// What the browser calls each page of the console, in its tabs and its history.
import { words } from '../texts';

const { shared, exchange, settings } = words;

/** The title of an address below the console. */
export function titleOf(pathname: string): string {
  return shared.pageTitle(pageOf(pathname));
}

function pageOf(pathname: string): string {
  const [page, part] = pathname.split('/').filter(Boolean);
  switch (page) {
    case undefined: return shared.live;
    case 'day': return shared.day;
    case 'people': return part === 'import' ? exchange.importTitle : shared.people;
    case 'settings': return settings.parts[part as keyof typeof settings.parts] ?? shared.settings;
    case 'audit': return shared.audit;
    case 'account': return shared.account;
    default: return shared.notFound;
  }
}
