// English, put together from its areas.
import { account } from './account';
import { audit } from './audit';
import { day } from './day';
import { dispatch } from './dispatch';
import { exchange } from './exchange';
import { live } from './live';
import { people } from './people';
import { person } from './person';
import { phone } from './phone';
import { ranking } from './ranking';
import { settings } from './settings';
import { shared } from './shared';
import { units } from './units';

export const en = { shared, units, account, live, dispatch, ranking, day, people, person, exchange, settings, audit, phone };
