/** What rules for servers, installers and command lines must find, and must leave alone. */
import { ALNUM, B64, type Form, HEX, password, sameFill } from './fill.testdata.ts';

export const SERVER_FORMS: readonly Form[] = [
  ['ldap-password', (f) => `bindpw ${password(f)}\n`, '/etc/nslcd.conf'],
  ['samba-password', (f) => `username=u\npassword=${password(f)}\n`, '/root/.smbcredentials'],
  ['snmp-community', (f) => `rwcommunity ${f === sameFill ? 'public' : password(f)}\n`, '/etc/snmp/snmpd.conf'],
  ['subversion-password', (f) => `password\nV 13\n${password(f)}\n`, '/root/.subversion/auth/svn.simple/abc'],
  ['php-application-password', (f) => `$db['password'] = '${password(f)}';`, '/var/www/config.php'],
  ['redis-password', (f) => `bind 127.0.0.1\nrequirepass ${password(f)}\n`, '/etc/redis/redis.conf'],
  ['redis-password', (f) => `user default on >${password(f)} ~* +@all\n`, '/etc/redis/users.acl'],
  ['erlang-cookie', (f) => (f === sameFill ? '\n' : f(ALNUM, 20)), '/var/lib/rabbitmq/.erlang.cookie'],
  ['rails-master-key', (f) => f(HEX, 32), '/srv/app/config/master.key'],
  ['consul-secret', (f) => `encrypt = "${f(B64, 43)}="\n`, '/etc/consul.d/consul.hcl'],
  ['time-server-key', (f) => `1 SHA1 HEX:${f === sameFill ? '' : f(HEX, 40)}\n`, '/etc/chrony/chrony.keys'],
  ['vnc-password', (f) => (f === sameFill ? '' : f(ALNUM, 8)), '/root/.vnc/passwd'],
  ['splunk-secret', (f) => `pass4SymmKey = ${password(f)}\n`, '/opt/splunk/etc/system/local/server.conf'],
  [
    'installer-password',
    (f) => `rootpw ${f === sameFill ? '--lock' : `--plaintext ${f(ALNUM, 12)}`}\n`,
    '/root/anaconda-ks.cfg',
  ],
  [
    'installer-password',
    (f) => `rootpw --iscrypted ${f === sameFill ? '!!' : `$6$salt$${f(ALNUM, 86)}`}\n`,
    '/root/anaconda-ks.cfg',
  ],
  ['installer-password', (f) => `d-i passwd/root-password password ${password(f)}\n`, '/root/preseed.cfg'],
  [
    'installer-password',
    (f) => `<AdministratorPassword><Value>${password(f)}</Value>`,
    '/Windows/Panther/unattend.xml',
  ],
  [
    'docker-config',
    (f) =>
      `ECS_ENGINE_AUTH_DATA={"r":{"auth":"${f === sameFill ? '' : Buffer.from(`ci:${f(ALNUM, 12)}`).toString('base64')}"}}\n`,
    '/etc/ecs/ecs.config',
  ],
  ['command-flag', (f) => `subscription-manager register --username u --password ${password(f)}\n`, '/root/setup.sh'],
  ['command-flag', (f) => `kubeadm join 10.0.0.1:6443 --token ${f(HEX, 6)}.${f(HEX, 16)}\n`, '/root/join.sh'],
  ['password-xml', (f) => `<add key="ApiSecret" value="${password(f)}" />\n`, '/srv/app/web.config'],
  ['password-unquoted', (f) => `[Service]\nEnvironment="API_KEY=${password(f)}"\n`, '/etc/systemd/system/app.service'],
  ['password-unquoted', (f) => `default_user = app\ndefault_pass = ${password(f)}\n`, '/etc/rabbitmq/rabbitmq.conf'],
  ['password-assigned', (f) => `<Connector keystorePass="${password(f)}" />\n`, '/etc/tomcat/server.xml'],
  ['chpasswd-line', (f) => `echo "${password(f)}" | docker login -u ci --password-stdin registry\n`, '/root/setup.sh'],
  ['newrelic-key', (f) => `license_key: ${f(HEX, 36)}NRAL\n`, '/etc/newrelic-infra.yml'],
];
