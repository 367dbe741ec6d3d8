using LlmProxy.Pipeline;

namespace LlmProxy.Providers;

/// <summary>The credential itself could not be had (an identity service is away or says no), so nothing was sent.</summary>
internal sealed class NoCredentialException(string message, Exception inner)
    : HttpRequestException(HttpRequestError.UserAuthenticationError, message, inner)
{
    public VendorFailure Failure { get; } = new(ErrorCode.ProviderAuthFailed, message);
}
