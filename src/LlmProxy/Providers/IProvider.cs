using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Providers;

/// <summary>One vendor: how it is addressed, how it is spoken to, what its answers mean.</summary>
internal interface IProvider
{
    ProviderCard Card { get; }

    /// <summary>What is wrong with these settings, in words an operator can act on; empty: nothing.</summary>
    IEnumerable<string> Check(LlmOptions llm);

    /// <summary>Why it cannot be called for want of a credential; it is then unavailable, which stops no start. Null: nothing is wanting.</summary>
    string? MissingCredential(LlmOptions llm) => null;

    /// <summary>The base address without a trailing slash, from what the operator wrote.</summary>
    string NormalizeBase(string configured, LlmOptions llm);

    /// <summary>Asked by health checks; costs no tokens.</summary>
    Uri ProbeAddress(string baseAddress);

    /// <summary>Asked once at start, because its answer also depends on the credential; costs no tokens.</summary>
    Uri CredentialProbeAddress(string baseAddress) => ProbeAddress(baseAddress);

    /// <summary>Puts the LLM's credential and fixed headers on the request.</summary>
    ValueTask AuthorizeAsync(HttpRequestMessage request, Deployment deployment, CancellationToken cancellation);

    /// <summary>How this call is put to this vendor. Throws CallRefusedException where it cannot be.</summary>
    VendorCall Open(Exchange exchange, RouteTarget target, AttemptFacts facts);

    /// <summary>
    /// Who goes on with an answer that another LLM began and left off: a vendor that takes the assistant's last message as
    /// the beginning of its own. Null: it would begin anew.
    /// </summary>
    IChatVendor? GoesOn(RouteTarget target) => null;

    /// <summary>Whose fault a refused call was.</summary>
    VendorFailure ReadFailure(int status, HttpResponseMessage response, ReadOnlySpan<byte> body, Deployment deployment);
}
