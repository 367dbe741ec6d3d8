create table llmproxy_access (
  id integer not null primary key,
  version bigint not null
);

insert into llmproxy_access (id, version) values (1, 0);

create table llmproxy_keys (
  id text not null primary key,
  name text not null,
  folded_name text not null unique,
  key_hash bytea not null unique,
  prefix text not null,
  workspace text not null,
  allowed_models text not null,
  requests_per_minute bigint not null,
  tokens_per_minute bigint not null,
  max_parallel bigint not null,
  per_user_requests_per_minute bigint not null,
  budget_usd text not null,
  budget_tokens bigint not null,
  budget_period text not null,
  priority bigint not null,
  expires_at timestamptz,
  allow_external integer not null,
  tags text not null,
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  updated_by text not null,
  revoked_at timestamptz,
  version bigint not null
);

create index llmproxy_keys_version on llmproxy_keys (version);

create table llmproxy_workspaces (
  id text not null primary key,
  name text not null,
  folded_name text not null unique,
  budget_usd text not null,
  budget_tokens bigint not null,
  budget_period text not null,
  requests_per_minute bigint not null,
  tokens_per_minute bigint not null,
  max_parallel bigint not null,
  weight bigint not null,
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  updated_by text not null
);
