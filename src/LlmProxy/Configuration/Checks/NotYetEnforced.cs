using LlmProxy.Configuration.Options;

namespace LlmProxy.Configuration.Checks;

/// <summary>Settings that are read and that nothing obeys yet: whoever writes one is told. The list gets shorter as the gateway grows.</summary>
internal static class NotYetEnforced
{
    public static void Warn(GatewayOptions options, Findings findings)
    {
        If(options.Routing.ReplicaPolicy == ReplicaPolicy.LeastLoad, "Routing:ReplicaPolicy: least_load (least_requests is used)", findings);
    }

    private static void If(bool isSet, string option, Findings findings)
    {
        if (isSet)
        {
            findings.Warn($"LlmProxy:{option}: is read, but this version does not act on it yet");
        }
    }
}
