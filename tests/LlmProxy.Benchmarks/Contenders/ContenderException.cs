namespace LlmProxy.Benchmarks.Contenders;

/// <summary>A contender cannot take part; the message says why.</summary>
internal sealed class ContenderException(string message) : Exception(message);
