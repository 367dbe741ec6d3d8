create table llmproxy_settings (
  name text not null primary key,
  value text not null,
  updated_at text not null,
  updated_by text not null
);

create table llmproxy_audit (
  id integer not null primary key autoincrement,
  at text not null,
  who text not null,
  action text not null,
  subject text not null,
  before_value text,
  after_value text
);
