/** One plan in a process of its own: `plan-once.ts ACCOUNTS` prints what it took as JSON. */
import { measured } from './planning.ts';

console.log(JSON.stringify(measured(Number(process.argv[2]))));
