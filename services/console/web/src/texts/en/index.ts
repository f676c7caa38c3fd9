// English, put together from its areas.
import { account } from './account';
import { audit } from './audit';
import { day } from './day';
import { dispatch } from './dispatch';
import { live } from './live';
import { people } from './people';
import { phone } from './phone';
import { ranking } from './ranking';
import { settings } from './settings';
import { shared } from './shared';

export const en = { shared, account, live, dispatch, ranking, day, people, settings, audit, phone };
