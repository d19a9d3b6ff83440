/** Rules for what servers keep their shared secrets in, and for the answers that installers were given. */
import { isPlaceholder, isRandom } from '../plausible.ts';
import { inFile, type PathRule, type Rule } from '../rule.ts';
import { isSecret, type Store, storeRule } from './stores.ts';

const SERVERS: readonly Store[] = [
  {
    id: 'redis-password',
    of: 'Redis or Valkey',
    path: /(?:^|\/)(?:redis|sentinel|valkey)[\w.-]*\.conf$|(?:^|\/)(?:redis|valkey)\/[^ ]*\.(?:conf|acl)$/,
    pattern:
      /^\s*(?:(?:requirepass|masterauth|primaryauth|sentinel\s+auth-pass\s+\S+)\s+"?([^\s"]{4,200})|user\s+\S+\s[^\n]*?>(\S{4,200}))/gm,
    check: isSecret,
  },
  {
    id: 'erlang-cookie',
    of: 'a cluster of Erlang (RabbitMQ, CouchDB, ejabberd)',
    path: /(?:^|\/)\.erlang\.cookie$/,
    pattern: /^\s*([\w-]{10,80})\s*$/g,
    check: isSecret,
  },
  {
    id: 'rails-master-key',
    of: 'an application of Ruby on Rails',
    severity: 'critical',
    path: /(?:^|\/)config\/(?:master|credentials\/[\w-]+)\.key$/,
    pattern: /^\s*([0-9a-f]{32,64})\s*$/g,
    check: (s) => isRandom(s, 2.8),
  },
  {
    id: 'consul-secret',
    of: 'a cluster of Consul or Nomad',
    path: /(?:^|\/)(?:consul|nomad|serf)[^ ]*\.(?:hcl|json)$/,
    pattern:
      /"?(?:encrypt"?\s*[=:]\s*"([A-Za-z0-9+/]{22,43}={0,2})|(?:agent|default|master|initial_management|agent_master|agent_recovery|replication)"?\s*[=:]\s*"([0-9a-f]{8}-[0-9a-f-]{27}))"/g,
    check: (s) => isRandom(s, 2.8),
  },
  {
    id: 'time-server-key',
    of: 'a time server',
    severity: 'medium',
    path: /(?:^|\/)(?:chrony|chronyd|ntp)\.keys$/,
    pattern: /^\s*\d+\s+\S+\s+(?:HEX:|ASCII:)?([^\s#]{6,200})/gm,
    check: isSecret,
  },
  {
    id: 'vnc-password',
    of: 'the desktop of VNC',
    path: /(?:^|\/)\.vnc\/passwd$/,
    pattern: /^[\s\S]{8,24}$/g,
  },
  {
    id: 'dns-server-key',
    of: 'a name server',
    path: /(?:^|\/)(?:rndc|named|bind9?|ddns|tsig)[^ ]*\.(?:key|conf|local)$/,
    pattern: /\bsecret\s+"([A-Za-z0-9+/]{16,200}={0,2})"/g,
    check: (s) => isRandom(s, 3),
  },
  {
    id: 'zabbix-psk',
    of: 'Zabbix',
    path: /(?:^|\/)zabbix[^ ]*psk[\w.-]*$/,
    pattern: /^\s*([0-9a-f]{32,512})\s*$/gi,
    check: (s) => isRandom(s, 2.8),
  },
  {
    id: 'dovecot-password',
    of: 'a mail server',
    path: /(?:^|\/)dovecot[^ ]*(?:users|passwd)[\w.-]*$/,
    pattern: /^[^#:\n]+:\{(?:PLAIN|CLEARTEXT)\}([^:\s]{3,100})/gm,
    check: isSecret,
  },
  {
    id: 'keepalived-password',
    of: 'a VRRP group',
    severity: 'medium',
    path: /(?:^|\/)keepalived[^ ]*\.conf$/,
    pattern: /^\s*auth_pass\s+(\S{4,64})/gm,
    check: isSecret,
  },
  {
    id: 'cluster-key',
    of: 'a cluster (Corosync, Pacemaker, MUNGE)',
    path: /(?:^|\/)(?:(?:corosync|pacemaker)\/authkey|munge\/munge\.key)$/,
    pattern: /^[\s\S]{32,4096}$/g,
  },
  {
    id: 'ceph-key',
    of: 'a Ceph cluster',
    severity: 'critical',
    path: /(?:^|\/)(?:ceph[^ ]*\.keyring|ceph[^ ]*\/keyring)$/,
    pattern: /^\s*key\s*=\s*(AQ[A-Za-z0-9+/]{34,38}={0,2})/gm,
  },
  {
    id: 'fluent-bit-secret',
    of: 'where logs are sent',
    path: /(?:^|\/)(?:fluent-bit|td-agent-bit)[^ ]*\.conf$/,
    pattern: /^\s*\w*(?:Passwd|Password|API_?Key|License_?Key|Token|Shared_Key)\s+(\S{6,200})/gim,
    check: isSecret,
  },
  {
    id: 'splunk-secret',
    of: 'Splunk',
    path: /(?:^|\/)splunk[^ ]*\.conf$/,
    pattern: /^\s*(?:pass4SymmKey|sslPassword|bindDNpassword)\s*=\s*(\S{4,200})/gm,
    check: isSecret,
  },
];

const answers = {
  id: 'installer-password',
  what: 'a password among the answers to an installer (Kickstart, preseed, unattend.xml)',
  why: 'it is that of every machine that was installed so, and every user of the image can read it',
  remedy: 'delete the answers in the last build step, and change the password on machines that still have it',
} as const;

/** A locked account has no password; others have one, or its hash. */
const isAnswer = (secret: string): boolean =>
  /^\$\w{1,8}\$\S{8}/.test(secret) || (!/^[*!]|^locked$/.test(secret) && !isPlaceholder(secret));

const INSTALLERS: readonly PathRule[] = [
  inFile({
    ...answers,
    path: /(?:^|\/)(?:(?:anaconda-|original-)?ks[\w.-]*\.cfg|kickstart[\w.-]*|[\w.-]+\.ks)$/,
    pattern:
      /^\s*(?:rootpw\s+(?:--\S+\s+)*([^\s-]\S{3,200})|(?:user|sshpw|autopart|part|logvol|bootloader)\b[^\n]*?--(?:password|passphrase)[= ]"?([^\s"]{4,200}))/gm,
    check: isAnswer,
  }),
  inFile({
    ...answers,
    path: /(?:^|\/)(?:preseed[\w.-]*\.cfg|[\w.-]+\.seed)$/,
    pattern: /^\s*d-i\s+[\w-]+\/[\w-]*password[\w-]*\s+(?:password|string)\s+(\S{4,200})/gm,
    check: isAnswer,
  }),
  inFile({
    ...answers,
    path: /(?:^|\/)(?:auto)?unattend[\w.-]*\.xml$/i,
    pattern: /<(?:AdministratorPassword|Password)>\s*<Value>([^<]{4,300})/gi,
    check: isAnswer,
  }),
];

export const SERVER_RULES: readonly Rule[] = [...SERVERS.map(storeRule), ...INSTALLERS];
