create table llmproxy_calls (
  id uuid not null primary key,
  client_request_id text,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  endpoint text not null,
  key_name text,
  workspace text,
  end_user text,
  requested_model text,
  llm text,
  provider text,
  provider_request_id text,
  status integer not null,
  outcome text not null,
  error_code text,
  attempts text not null,
  input_tokens bigint not null,
  cached_tokens bigint not null,
  cache_write_tokens bigint not null,
  output_tokens bigint not null,
  reasoning_tokens bigint not null,
  usage_source text not null,
  cost_units bigint,
  ttft_ms double precision,
  duration_ms double precision not null,
  overhead_ms double precision,
  queue_ms double precision,
  cache text not null,
  stream boolean not null,
  client_gone boolean not null,
  tags text not null
);

create index llmproxy_calls_started on llmproxy_calls (started_at);
create index llmproxy_calls_workspace on llmproxy_calls (workspace, started_at);
create index llmproxy_calls_key on llmproxy_calls (key_name, started_at);
