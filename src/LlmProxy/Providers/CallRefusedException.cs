namespace LlmProxy.Providers;

/// <summary>A call that cannot be put to this vendor; nothing was sent.</summary>
internal sealed class CallRefusedException(VendorFailure failure) : Exception(failure.Message)
{
    public VendorFailure Failure { get; } = failure;
}
