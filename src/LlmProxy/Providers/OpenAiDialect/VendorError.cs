namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>What a vendor said went wrong, in its own words: every field may be missing.</summary>
internal struct VendorError
{
    public string? Message;
    public string? Type;
    public string? Code;
    public string? Param;

    /// <summary>An HTTP status written into the body, 0 when there is none.</summary>
    public int Status;

    /// <summary>The body is an error by its own shape, not only by the status it came with.</summary>
    public bool IsDeclared;

    /// <summary>The web framework's own answer for a path that it does not know.</summary>
    public bool IsBareDetail;
}
