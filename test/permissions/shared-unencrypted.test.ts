import { everyActionIsNeeded } from './removed.ts';

everyActionIsNeeded('shared-unencrypted');
