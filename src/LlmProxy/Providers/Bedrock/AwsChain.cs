using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;

namespace LlmProxy.Providers.Bedrock;

/// <summary>The one place that touches AWSSDK.Core, so that the assembly is loaded by use alone.</summary>
internal static class AwsChain
{
    /// <summary>Environment, profile files, web identity, container and instance roles: the SDK finds, keeps and renews them.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static async Task<AwsKeys> FetchAsync(CancellationToken cancellation)
    {
        AWSCredentials credentials = await DefaultAWSCredentialsIdentityResolver.GetCredentialsAsync().WaitAsync(cancellation);
        ImmutableCredentials keys = await credentials.GetCredentialsAsync().WaitAsync(cancellation);
        return new AwsKeys(keys.AccessKey, keys.SecretKey, keys.UseToken ? keys.Token : null);
    }
}
