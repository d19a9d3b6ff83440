/**
 * Table of tokens of messengers, payment, mail, model and other services.
 * Sources: the makers' pages on token formats; the gitleaks rules (MIT) were a second opinion.
 */
import type { Rule } from '../rule.ts';
import { type Form, formRule } from './form.ts';

const FORMS: readonly Form[] = [
  {
    id: 'slack-token',
    maker: 'Slack',
    severity: 'critical',
    keywords: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.', 'xoxo-', 'xapp-', 'xoxc-', 'xoxd-'],
    pattern:
      /(?<![A-Za-z0-9])(?:xox[bpoa]-(?:2-)?\d{8,14}-[\dA-Za-z-]{18,220}|xox[re]-[\dA-Za-z-]{30,250}|xox[sc]-\d{6,14}-[\dA-Za-z-]{18,220}|xoxd-[A-Za-z0-9%+/=]{40,300}|xoxe\.xox[bp]-\d-[A-Za-z0-9]{140,170}|xapp-\d-[A-Z0-9]{8,14}-\d{8,14}-[a-z0-9]{30,70})(?![A-Za-z0-9])/y,
  },
  {
    id: 'slack-webhook',
    maker: 'Slack',
    severity: 'medium',
    keywords: ['hooks.slack.com/'],
    pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/T[A-Z0-9]{7,12}\/[A-Z0-9]{8,14}\/[A-Za-z0-9]{20,60}/y,
  },
  {
    id: 'stripe-key',
    maker: 'Stripe',
    severity: 'critical',
    keywords: ['sk_live_', 'rk_live_', 'sk_prod_', 'rk_prod_'],
    pattern: /(?<![A-Za-z0-9_])[sr]k_(?:live|prod)_[A-Za-z0-9]{16,250}(?![A-Za-z0-9_])/y,
  },
  {
    id: 'stripe-test-key',
    maker: 'Stripe',
    severity: 'low',
    keywords: ['sk_test_', 'rk_test_'],
    pattern: /(?<![A-Za-z0-9_])[sr]k_test_[A-Za-z0-9]{16,250}(?![A-Za-z0-9_])/y,
  },
  {
    id: 'stripe-webhook-secret',
    maker: 'Stripe',
    keywords: ['whsec_'],
    pattern: /(?<![A-Za-z0-9_])whsec_[A-Za-z0-9+/]{32,64}={0,2}(?![A-Za-z0-9_])/y,
  },
  {
    id: 'sendgrid-key',
    maker: 'SendGrid',
    keywords: ['sendgrid', 'apikey', 'api_key', 'passw', 'token'],
    pattern: /(?<![A-Za-z0-9_])SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}(?![A-Za-z0-9_-])/g,
    bits: 4,
  },
  {
    id: 'twilio-key',
    maker: 'Twilio',
    keywords: ['twilio', 'auth_token', 'authtoken'],
    pattern: /(?:twilio[\w-]{0,24}|auth_?token)["']?\s{0,4}[=:]\s{0,4}["']?((?:SK)?[a-f0-9]{32})(?![a-f0-9])/iy,
  },
  {
    id: 'mailgun-key',
    maker: 'Mailgun',
    keywords: ['mailgun'],
    pattern:
      /mailgun[\w-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?((?:key-[a-f0-9]{32})|(?:[a-f0-9]{32}-[a-f0-9]{8}-[a-f0-9]{8}))/iy,
  },
  {
    id: 'mailchimp-key',
    maker: 'Mailchimp',
    keywords: ['mailchimp', 'mandrill'],
    pattern:
      /(?:mailchimp|mandrill)[\w-]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?([a-f0-9]{32}-us\d{1,2}|md-[A-Za-z0-9_-]{22})/iy,
  },
  {
    id: 'telegram-bot-token',
    maker: 'Telegram',
    keywords: ['telegram', 'bot_token', 'api.telegram.org/bot', 'bottoken'],
    pattern: /(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/g,
    bits: 3.8,
  },
  {
    id: 'discord-token',
    maker: 'Discord',
    keywords: ['discord'],
    pattern:
      /(?:(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}(?![A-Za-z0-9_-])|discord(?:app)?\.com\/api\/webhooks\/\d{17,20}\/[A-Za-z0-9_-]{60,72})/g,
    bits: 4,
  },
  {
    id: 'teams-webhook',
    maker: 'Microsoft Teams',
    severity: 'medium',
    keywords: ['webhook.office.com/'],
    pattern:
      /webhook\.office\.com\/webhookb2\/[0-9a-f-]{36}@[0-9a-f-]{36}\/IncomingWebhook\/[0-9a-f]{32}\/[0-9a-f-]{36}/y,
  },
  {
    id: 'openai-key',
    maker: 'OpenAI',
    severity: 'critical',
    keywords: ['T3BlbkFJ'],
    pattern:
      /(?<![A-Za-z0-9])sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}(?![A-Za-z0-9_-])/g,
    bits: 4,
  },
  {
    id: 'anthropic-key',
    maker: 'Anthropic',
    severity: 'critical',
    keywords: ['sk-ant-'],
    pattern: /(?<![A-Za-z0-9])sk-ant-(?:api|admin|oat|ort)\d\d-[A-Za-z0-9_-]{80,120}(?![A-Za-z0-9_-])/y,
    bits: 4,
  },
  {
    id: 'huggingface-token',
    maker: 'Hugging Face',
    keywords: ['api_org_'],
    pattern: /(?<![A-Za-z0-9_])api_org_[A-Za-z]{34}(?![A-Za-z0-9])/y,
    bits: 3.8,
  },
  {
    id: 'huggingface-token',
    maker: 'Hugging Face',
    keywords: ['token', 'hugging'],
    pattern: /(?<![A-Za-z0-9_])hf_[A-Za-z]{34}(?![A-Za-z0-9])/g,
    bits: 3.8,
  },
  {
    id: 'groq-key',
    maker: 'Groq',
    keywords: ['gsk_'],
    pattern: /(?<![A-Za-z0-9_])gsk_[A-Za-z0-9]{52}(?![A-Za-z0-9])/y,
    bits: 4,
  },
  {
    id: 'xai-key',
    maker: 'xAI',
    keywords: ['xai-'],
    pattern: /(?<![A-Za-z0-9_])xai-[A-Za-z0-9]{80}(?![A-Za-z0-9])/y,
    bits: 4,
  },
  {
    id: 'perplexity-key',
    maker: 'Perplexity',
    keywords: ['pplx-'],
    pattern: /(?<![A-Za-z0-9_])pplx-[A-Za-z0-9]{48}(?![A-Za-z0-9])/y,
    bits: 4,
  },
  {
    id: 'replicate-token',
    maker: 'Replicate',
    keywords: ['replicate'],
    pattern: /(?<![A-Za-z0-9_])r8_[A-Za-z0-9]{37}(?![A-Za-z0-9])/g,
    bits: 4,
  },
  {
    id: 'shopify-token',
    maker: 'Shopify',
    keywords: ['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    pattern: /(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}(?![A-Za-z0-9])/y,
  },
  {
    id: 'square-token',
    maker: 'Square',
    keywords: ['sq0csp-', 'sq0atp-', 'EAAAE'],
    pattern:
      /(?<![A-Za-z0-9])(?:sq0(?:csp-[A-Za-z0-9_-]{43}|atp-[A-Za-z0-9_-]{22})|EAAAE[A-Za-z0-9_-]{59})(?![A-Za-z0-9_-])/y,
    bits: 3.8,
  },
  {
    id: 'paypal-braintree-token',
    maker: 'Braintree',
    keywords: ['access_token$'],
    pattern: /access_token\$production\$[a-z0-9]{16}\$[a-f0-9]{32}/y,
  },
  {
    id: 'linear-key',
    maker: 'Linear',
    keywords: ['lin_api_'],
    pattern: /(?<![A-Za-z0-9])lin_api_[A-Za-z0-9]{40}(?![A-Za-z0-9])/y,
    bits: 3.8,
  },
  {
    id: 'notion-token',
    maker: 'Notion',
    keywords: ['ntn_', 'secret_'],
    pattern: /(?<![A-Za-z0-9])(?:ntn_\d{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43})(?![A-Za-z0-9])/y,
    bits: 4,
  },
  {
    id: 'figma-token',
    maker: 'Figma',
    keywords: ['figd_'],
    pattern: /(?<![A-Za-z0-9])figd_[A-Za-z0-9_-]{40,44}(?![A-Za-z0-9_-])/y,
    bits: 3.8,
  },
  {
    id: 'dropbox-token',
    maker: 'Dropbox',
    keywords: ['dropbox', 'access_token', 'accesstoken'],
    pattern: /(?<![A-Za-z0-9_.-])sl\.(?:u\.)?[A-Za-z0-9_-]{130,1200}/g,
    bits: 4.2,
  },
  {
    id: 'planetscale-token',
    maker: 'PlanetScale',
    keywords: ['pscale_'],
    pattern: /(?<![A-Za-z0-9])pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,64}/y,
    bits: 3.8,
  },
  {
    id: 'supabase-token',
    maker: 'Supabase',
    keywords: ['sbp_', 'sb_secret_'],
    pattern: /(?<![A-Za-z0-9])(?:sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{22,40})(?![A-Za-z0-9])/y,
  },
  {
    id: 'netlify-token',
    maker: 'Netlify',
    keywords: ['nfp_'],
    pattern: /(?<![A-Za-z0-9_])nfp_[A-Za-z0-9_]{36}(?![A-Za-z0-9_])/y,
    bits: 3.8,
  },
  {
    id: 'airtable-token',
    maker: 'Airtable',
    keywords: ['airtable'],
    pattern: /(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[a-f0-9]{64}(?![a-f0-9])/g,
  },
  {
    id: 'azure-functions-key',
    maker: 'Azure Functions',
    keywords: ['AzFu'],
    pattern: /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw]==/g,
    bits: 4,
  },
];

export const SERVICE_TOKEN_RULES: readonly Rule[] = FORMS.map(formRule);
