using System.Net;
using LlmProxy.Configuration.Options;
using LlmProxy.Media;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Guards;

/// <summary>What an operator wrote under Guards, compiled for the calls of one configuration.</summary>
internal sealed class GuardRules
{
    public static readonly GuardRules None = new(new GatewayOptions());

    private readonly GuardsOptions _options;

    public GuardRules(GatewayOptions options)
    {
        _options = options.Guards;
        Redaction = RedactionRules.Compile(_options);
        LogsPrompts = options.Logging.Prompts;
        Webhook = _options.Webhook.Url.Length > 0 ? new Uri(_options.Webhook.Url.Trim()) : null;
        WebhookIsHome = Webhook is null || _options.Webhook.Local || IsHome(Webhook);
        IsOff = Redaction.IsEmpty && Webhook is null && !LogsPrompts;
    }

    /// <summary>Calls pass unseen, at no cost.</summary>
    public bool IsOff { get; }

    public RedactionRules Redaction { get; }

    public bool LogsPrompts { get; }

    public Uri? Webhook { get; }

    /// <summary>Its address is the house's own: what must not leave may be shown to it.</summary>
    public bool WebhookIsHome { get; }

    public WebhookGuardOptions WebhookOptions => _options.Webhook;

    /// <summary>Whether a call's text may go to somebody outside: an LLM of its plan, or the webhook.</summary>
    public bool MayLeave(RoutePlan plan)
    {
        if (!WebhookIsHome)
        {
            return true;
        }

        for (int i = 0; i < plan.Targets.Count; i++)
        {
            if (IsExternal(plan.Targets[i]))
            {
                return true;
            }
        }

        return false;
    }

    public bool RedactsAll => _options.RedactFor == RedactFor.All;

    public static bool IsExternal(RouteTarget target) => !target.IsLocal && !target.IsDummy;

    /// <summary>What passes there is not read: nobody gets round the guards that way unless the operator said so.</summary>
    public static GatewayError? RefusePass(Exchange exchange, Deployment llm)
    {
        GuardRules rules = exchange.Snapshot.Guards;
        bool isKept = rules.Redaction.Protects && (rules.RedactsAll || (!llm.IsLocal && !llm.IsDummy));
        return rules._options.AllowPass || (!isKept && rules.Webhook is null) ? null : new GatewayError(
            ErrorCode.ContentBlocked,
            "This gateway looks at what it sends out (LlmProxy:Guards), and /pass is not read. Use the /v1 endpoints; an operator can open /pass with LlmProxy:Guards:AllowPass.");
    }

    /// <summary>Loopback and private addresses, and names that only a private network has: without a point, or below .local and .internal.</summary>
    private static bool IsHome(Uri address)
    {
        string host = address.IdnHost.Trim('[', ']');
        return IPAddress.TryParse(host, out IPAddress? numbers)
            ? !PublicAddresses.IsPublic(numbers)
            : !host.Contains('.', StringComparison.Ordinal) || host.EndsWith(".local", StringComparison.OrdinalIgnoreCase)
                || host.EndsWith(".internal", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
    }
}
