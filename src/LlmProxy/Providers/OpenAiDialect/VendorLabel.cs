namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Whom a failure's message names, and what it must never show. Made once per deployment.</summary>
internal sealed record VendorLabel(string Provider, string Llm)
{
    /// <summary>The setting that an operator checks when the vendor refuses the gateway.</summary>
    public string CredentialName { get; init; } = "api_key";

    /// <summary>Credentials as they are sent: cut out of every message that a vendor echoes them in.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
