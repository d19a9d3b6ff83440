import { everyActionIsNeeded } from './removed.ts';

everyActionIsNeeded('account-copies');
