/** One account in one Region, written `account/region`. */
export interface Place {
  readonly account: string;
  readonly region: string;
}
