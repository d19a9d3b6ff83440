/** Rules for what building and running machines leave behind: accounts, keys of hosts, histories, user data, state of tools, identity. */
import { isPassword, isPlaceholder, isRandom } from '../plausible.ts';
import { inFile, type PathRule, type Rule } from '../rule.ts';

const account = {
  why: 'every instance of the image has the same account: who knows or cracks the password is in everywhere',
  remedy:
    'lock the account (passwd -l, or usermod -p "!"), log in by key or Session Manager; cloud-init lock_passwd: true',
};
const state = {
  why: 'what a tool keeps of its work holds the secrets that it worked with',
  remedy:
    'delete it in the last build step, and rotate what it holds; keep state outside of the machine that is imaged',
};
const clone = {
  why: 'all instances of the image would be the same machine: to hosts that trust it, to DHCP, to logs, to licences',
  remedy:
    'empty or delete it in the last build step; the system makes it anew at first boot (cloud-init clean --machine-id)',
};

const WHOLE = /^\s*\S[\s\S]*$/g;

const ACCOUNTS: readonly PathRule[] = [
  inFile({
    ...account,
    id: 'shadow-hash',
    what: 'the hash of an account password',
    path: /(?:^|\/)etc\/(?:g?shadow-?|master\.passwd|security\/opasswd)$|(?:^|\/)(?:g?shadow|passwd)\.(?:bak|old|orig|save|backup)$/,
    pattern:
      /^[^:\n#]+:(\$(?:[1256]|2[abxy]|y|7|gy|md5|sha1|5|argon2\w*)\$[^:\s]{8,200}|_[./A-Za-z0-9]{19}|(?![*!x])[./A-Za-z0-9]{13})(?=:|$)/gm,
  }),
  inFile({
    ...account,
    id: 'empty-password',
    severity: 'critical',
    what: 'an account without a password',
    path: /(?:^|\/)etc\/shadow$/,
    pattern: /^([a-z_][\w-]*::\d*):/gm,
  }),
  inFile({
    ...account,
    id: 'passwd-hash',
    what: 'a password hash in a file that everybody may read',
    path: /(?:^|\/)etc\/(?:passwd-?|group-?)$/,
    pattern: /^[^:\n#]+:(\$[\w]+\$[^:\s]{8,200}|(?![*!x])[./A-Za-z0-9]{13}):/gm,
  }),
  inFile({
    ...account,
    id: 'htpasswd-hash',
    severity: 'medium',
    what: 'a password hash of a web server or database',
    path: /(?:^|\/)(?:\.?htpasswd[\w.-]*|[\w.-]+\.htpasswd|userlist\.txt|\.htdigest)$/,
    pattern:
      /^"?[^:\s#"]+"?[: ]"?(\$(?:apr1|2[abxy]|5|6)\$[^:\s"]{20,200}|\{SHA\}[A-Za-z0-9+/=]{28}|md5[0-9a-f]{32}|SCRAM-SHA-256\$[^\s"]{20,300}|[^\s:"]+:[0-9a-f]{32}|[./A-Za-z0-9]{13})"?$/gm,
  }),
  inFile({
    id: 'authorized-key',
    severity: 'medium',
    what: 'a key that opens this account on every instance',
    why: 'whoever holds the other half of the key can log in to every instance of the image, in every account',
    remedy: 'delete authorized_keys in the last build step; EC2 puts the key of the launch there by itself',
    path: /(?:^|\/)(?:\.ssh\/authorized_keys2?(?:\.\w+)?|ssh\/authorized_keys(?:\/[^/]+|\.d\/[^/]+)?|dropbear\/authorized_keys)$/,
    pattern:
      /^(?!\s*#)[^\n]*?((?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-[\w@.-]+)\s+AAAA[A-Za-z0-9+/]{40,}={0,3}[^\n]{0,200})/gm,
  }),
];

const MACHINES: readonly PathRule[] = [
  inFile({
    ...clone,
    id: 'machine-id',
    severity: 'low',
    what: 'the id of the machine that the image was made of',
    path: /^\/?(?:etc\/machine-id|var\/lib\/dbus\/machine-id)$/,
    pattern: /^[0-9a-f]{32}(?=\s*$)/g,
  }),
  inFile({
    ...clone,
    id: 'dhcp-lease',
    severity: 'low',
    what: 'DHCP leases of the machine that the image was made of',
    path: /(?:^|\/)(?:dhcp3?|dhclient|NetworkManager|dhcpcd|systemd\/netif\/leases|wicked)\/(?:[^/]*lease[^/]*|\d+)$|(?:^|\/)(?:dhclient[^/]*|[^/]+)\.leases?$/,
    pattern: /(?:lease\s*\{[\s\S]*|^ADDRESS=[^\n]*|^\s*fixed-address [^\n]*|[\s\S]*\bSERVER_ADDRESS=[^\n]*)/g,
  }),
  inFile({
    ...clone,
    id: 'random-seed',
    severity: 'low',
    what: 'the seed of the random numbers of the machine that the image was made of',
    path: /^\/?(?:var\/lib\/systemd\/random-seed|var\/lib\/urandom\/random-seed|var\/lib\/random-seed|boot\/efi\/loader\/random-seed|efi\/loader\/random-seed)$/,
    pattern: /^[\s\S]{32,}$/g,
  }),
  inFile({
    id: 'shell-history',
    severity: 'low',
    what: 'a history of commands',
    why: 'histories hold what was typed, passwords on command lines included, and say how the image came about',
    remedy: 'delete it in the last build step, or build with HISTFILE unset',
    path: /(?:^|\/)(?:\.(?:bash|zsh|sh|ash|ksh|fish|python|node_repl|mysql|psql|sqlite|rediscli|mongo|irb|php|gdb|dbshell)_?_?history|\.history|fish_history|ConsoleHost_history\.txt|\.viminfo|\.lesshst|\.wget-hsts)$/,
    pattern: WHOLE,
    check: (text, { path }) =>
      /(?:bash|zsh|sh|fish|mysql|psql|rediscli|mongo|sqlite|ConsoleHost|\.history)/.test(path) &&
      text.trim().length > 3,
  }),
  inFile({
    id: 'cloud-init-user-data',
    severity: 'medium',
    what: 'the user data of the machine that the image was made of',
    why: 'user data often carries passwords, tokens and join commands, and every user of the image can read it',
    remedy: 'cloud-init clean --logs in the last build step',
    path: /(?:^|\/)var\/lib\/cloud\/(?:instances?\/[^ ]*|seed\/[^ ]*)(?:user-data(?:\.txt)?(?:\.i)?|cloud-config\.txt|vendor-data2?(?:\.txt)?|scripts\/part-\d+|part-\d+)$/,
    pattern: WHOLE,
    check: (text) =>
      !/^\s*(?:#cloud-config\s*(?:\{\}|null)?\s*|# cloud-config\s*|Content-Type: multipart[^\n]*\n(?:MIME[^\n]*\n)?\s*(?:--=*\w+=*--)?\s*)?$/i.test(
        text,
      ) &&
      text
        .split('\n')
        .some((l) => l.trim() !== '' && !/^\s*(?:#|Content-|MIME-|--|Number-Attachments|From nobody)/i.test(l)),
  }),
  inFile({
    id: 'cloud-init-instance-data',
    severity: 'low',
    what: 'instance data of the machine that the image was made of',
    why: 'it names account, instance, network and roles of the build, and in its sensitive form also user data and credentials',
    remedy: 'cloud-init clean --logs in the last build step',
    path: /(?:^|\/)(?:cloud-init|cloud\/instances?(?:\/[^/]+)?|cloud\/data)\/(?:instance-data(?:-sensitive)?\.json|obj\.pkl|instance-id|previous-instance-id|datasource|vendor-cloud-config\.txt)$/,
    pattern: WHOLE,
    check: (text, { path }) =>
      /sensitive|obj\.pkl/.test(path) ? 'medium' : /instance-data/.test(path) && text.length > 20,
  }),
];

const TOOLS: readonly PathRule[] = [
  inFile({
    ...state,
    id: 'terraform-state',
    what: 'a secret in the state of Terraform',
    path: /\.tfstate(?:\.\d+)?(?:\.backup)?$/,
    pattern:
      /"(?:\w*(?:password|secret|private_key|token|access_key|auth_token|connection_string|master_password|client_key|kube_config_raw)\w*|result)"\s*:\s*"((?:[^"\\]|\\.){6,6000})"/g,
    check: (text) => isPassword(text.slice(0, 120), true) && !/^arn:/.test(text),
  }),
  inFile({
    ...state,
    id: 'terraform-state-file',
    severity: 'medium',
    what: 'a state file of Terraform',
    path: /\.tfstate(?:\.\d+)?(?:\.backup)?$/,
    pattern: /^\s*\{[\s\S]*"(?:terraform_version|lineage)"[\s\S]*/g,
  }),
  inFile({
    ...state,
    id: 'terraform-variables',
    what: 'a secret among the variables of Terraform or Packer',
    path: /(?:\.auto)?\.(?:tfvars|pkrvars\.hcl|pkrvars\.json|tfvars\.json)$/,
    pattern: /["']?\w*(?:password|secret|token|private_key|api_key|access_key)\w*["']?\s*[=:]\s*"([^"\n]{4,300})"/gi,
    check: (text) => isPassword(text, true),
  }),
  inFile({
    ...state,
    id: 'packer-leftover',
    severity: 'medium',
    what: 'what Packer left of its build',
    path: /(?:^|\/)(?:packer(?:-|_)?[\w.-]*\.log|packerlog[\w.-]*|crash\.log|tmp\/script_\d+\.sh|tmp\/packer-[\w.-]+|tmp\/packer-provisioner-[^ ]+|packer_cache\/[^ ]+|ec2_[\w-]+\.pem)$/,
    pattern: WHOLE,
  }),
  inFile({
    ...state,
    id: 'packer-key',
    severity: 'medium',
    what: "the temporary key of a Packer build among an account's keys",
    path: /(?:^|\/)\.ssh\/authorized_keys$/,
    pattern: /^[^\n#]*AAAA\S+\s+(packer[_ ][\w-]{8,60})\s*$/gm,
  }),
  inFile({
    ...state,
    id: 'ansible-leftover',
    severity: 'medium',
    what: 'what Ansible left of its work',
    path: /(?:^|\/)(?:\.ansible\/tmp\/[^ ]+|\.ansible_async\/[^ ]+|tmp\/ansible[-_.][^ ]+|ansible\.log|\.retry|ansible-local\/[^ ]+)$/,
    pattern: WHOLE,
  }),
  inFile({
    ...state,
    id: 'ansible-vault-password',
    severity: 'critical',
    what: 'the password of an Ansible vault',
    path: /(?:^|\/)\.?(?:ansible[-_.])?vault[-_.]?pass(?:word)?(?:[-_.]?file)?(?:\.txt)?$/,
    pattern: /^\s*(?!#!)(\S[^\n]{3,200}?)\s*$/g,
    check: (text) => !isPlaceholder(text),
  }),
  inFile({
    ...state,
    id: 'ansible-inventory-password',
    what: 'a password in an inventory of Ansible',
    path: /(?:^|\/)(?:hosts|inventory|host_vars|group_vars)(?:[\w./-]*)$/,
    pattern: /ansible_(?:ssh_pass|password|become_pass(?:word)?|sudo_pass)\s*[=:]\s*["']?([^\s"']{3,200})/g,
    check: (text) => isPassword(text, true),
  }),
  inFile({
    ...state,
    id: 'jenkins-secret',
    severity: 'critical',
    what: 'a secret of Jenkins',
    path: /(?:^|\/)(?:jenkins(?:_home)?|\.jenkins)\/(?:secrets\/(?:master\.key|hudson\.util\.Secret|initialAdminPassword|.+\.key)|secret\.key|identity\.key\.enc|credentials\.xml)$/,
    pattern: WHOLE,
    check: (text, { path }) =>
      !path.endsWith('credentials.xml') || /\{AQAA|<(?:password|secret|privateKey|apiToken)>/.test(text),
  }),
  inFile({
    ...state,
    id: 'ci-runner-credential',
    severity: 'critical',
    what: 'the credential of a CI runner',
    path: /(?:^|\/)(?:gitlab-runner\/config\.toml|\.gitlab-runner\/config\.toml|actions-runner\/\.credentials(?:_rsaparams)?|\.credentials_rsaparams|\.runner|buildkite-agent\.cfg|\.circleci\/cli\.yml|circleci[\w-]*\/[\w-]+\.ya?ml|teamcity\/.*buildAgent\.properties|bamboo-agent\.cfg\.xml|drone[\w-]*\.env|\.travis\/config\.yml|azure-pipelines-agent\/\.credentials|concourse\/.+_key)$/,
    pattern:
      /(?:"(?:d|dp|p|clientSecret|token|authorizationToken|oAuthEndpointToken)"\s*:\s*"|\b(?:token|auth_token|access_token|authorizationToken|DRONE_RPC_SECRET|resource_class_token)"?\s*[:=]\s*"?)([A-Za-z0-9+/_.=-]{16,2000})/gi,
    check: (text) => isRandom(text, 3) && !isPlaceholder(text.slice(0, 60)),
  }),
  inFile({
    ...state,
    id: 'puppet-chef-salt-key',
    severity: 'medium',
    what: 'the identity of a configuration management client',
    path: /(?:^|\/)(?:chef\/(?:client|validation)\.pem|chef\/encrypted_data_bag_secret|salt\/pki\/minion\/minion\.pem|puppet\/ssl\/private_keys\/[^/]+\.pem|puppetlabs\/puppet\/ssl\/private_keys\/[^/]+\.pem)$/,
    pattern: /^(?!-----)(\S[\s\S]{15,2000}?)\s*$/g,
  }),
  inFile({
    ...state,
    id: 'registration-id',
    severity: 'medium',
    what: 'the registration of the machine at a service (SSM, CloudWatch, Consul, Nomad, Datadog, RHSM)',
    path: /(?:^|\/)(?:amazon\/ssm\/(?:Vault\/Store\/RegistrationKey|registration)|rhsm\/.+-key\.pem|pki\/consumer\/key\.pem|consul\/.*(?:serf\/local\.keyring|acl-tokens\.json)|nomad\/.*serf\.keyring|pki\/entitlement\/.+-key\.pem)$/,
    pattern: WHOLE,
  }),
];

export const TRACE_RULES: readonly Rule[] = [...ACCOUNTS, ...MACHINES, ...TOOLS];
