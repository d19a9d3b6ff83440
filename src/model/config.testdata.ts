/** A config that uses most keys, for the tests to break. */
export const VALID = `version: 1
delivery: bedrock
builder: { account: "111111111111", region: eu-west-1 }
access:
  role: arn:aws:iam::{account}:role/amiport
  externalId: bedrock-images
manage: { keyPolicy: amiport, rolePolicy: export }
regions: [eu-west-1, eu-west-3, us-east-1]
accounts:
  - { id: "222222222222", name: vod-prod, regions: [eu-west-1, eu-west-3], launchers: [ { role: VodLauncher }, autoscaling, { autoscaling: payments } ] }
  - id: "333333333333"
    launchers: [ autoscaling, { karpenter: { role: team/Karpenter } } ]
  - { organizationalUnit: ou-ab12-11112222, launchers: [spot] }
key:
  alias: amiport-images
  rotation: { everyDays: 180 }
images:
  kubernetes:
    source: { packer: images/kubernetes.pkr.hcl, vars: { k8s: "1.34" } }
    way: shared-encrypted
    publish: { ssm: "/golden/{image}/current", launchTemplates: [k8s-nodes], instanceRefresh: { minHealthyPercentage: 80 } }
    keep: { versions: 3, deprecateAfterDays: 90 }
  vod:
    source: { ami: ami-0123456789abcdef0 }
    way: account-copies
    accountKey: alias/ebs-{account}
  web:
    source: { manifest: packer-manifest.json }
    way: shared-unencrypted
policy:
  secrets: { block: [high] }
canary: { subnetTag: { Purpose: canary }, maxCost: 0.25 }
`;

export const AROUND = { fileExists: (path: string) => !path.includes('missing') };
