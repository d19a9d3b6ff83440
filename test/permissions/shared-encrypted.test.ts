import { everyActionIsNeeded } from './removed.ts';

everyActionIsNeeded('shared-encrypted');
