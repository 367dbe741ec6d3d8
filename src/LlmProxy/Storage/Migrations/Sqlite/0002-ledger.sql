create table llmproxy_calls (
  id text not null primary key,
  client_request_id text,
  started_at text not null,
  finished_at text not null,
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
  input_tokens integer not null,
  cached_tokens integer not null,
  cache_write_tokens integer not null,
  output_tokens integer not null,
  reasoning_tokens integer not null,
  usage_source text not null,
  cost_units integer,
  ttft_ms real,
  duration_ms real not null,
  overhead_ms real,
  queue_ms real,
  cache text not null,
  stream integer not null,
  client_gone integer not null,
  tags text not null
);

create index llmproxy_calls_started on llmproxy_calls (started_at);
create index llmproxy_calls_workspace on llmproxy_calls (workspace, started_at);
create index llmproxy_calls_key on llmproxy_calls (key_name, started_at);
