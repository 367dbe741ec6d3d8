namespace LlmProxy.Providers.Dummy;

/// <summary>A request that a real server would refuse too, or a thing that the dummy does not do.</summary>
internal sealed class DummyRefusal(int status, string message, string? param = null, string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    public string? Param { get; } = param;

    public string? Code { get; } = code;
}
