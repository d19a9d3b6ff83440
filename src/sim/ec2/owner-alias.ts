/** Owner aliases that AWS keeps. Source: EC2 API Reference Image.ImageOwnerAlias; accounts as public AMIs show them. */
const ALIASES: Readonly<Record<string, string>> = {
  '137112412989': 'amazon',
  '801119661308': 'amazon',
  '679593333241': 'aws-marketplace',
};

export const ownerAlias = (account: string): string | undefined => ALIASES[account];
