using System.ComponentModel.DataAnnotations;

namespace LlmProxy.Configuration.Options;

/// <summary>Images and files that clients give as web addresses, fetched by the gateway for vendors that want the bytes.</summary>
internal sealed class FetchOptions
{
    public bool Enabled { get; set; } = true;

    /// <summary>Per file.</summary>
    [Range(1, int.MaxValue)] public int MaxBytes { get; set; } = 20_971_520;

    [Range(1, 600)] public int TimeoutSeconds { get; set; } = 10;

    /// <summary>Host names, and addresses or networks (10.0.0.0/8), that may be fetched from although they are not public.</summary>
    public List<string> AllowHosts { get; set; } = [];
}
