using System.Text;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Guards;

/// <summary>What a call's text must pass before anybody is asked: windows, redaction, the operator's webhook. Without guards it costs nothing.</summary>
internal sealed class InputGuard(GuardWebhook webhook, ILogger<InputGuard> logger)
{
    private const int MostLoggedBytes = 16 * 1024;

    /// <param name="exchange">The call; it may be the masked one afterwards.</param>
    /// <param name="plan">Who may be asked.</param>
    /// <param name="isKnown">Its answer is known: nobody will be asked.</param>
    public ValueTask<GatewayError?> CheckAsync(Exchange exchange, RoutePlan plan, bool isKnown)
    {
        GatewayError? refusal = isKnown ? null : PromptLimits.CheckWindows(exchange, plan);
        if (refusal is not null)
        {
            exchange.IsRefusedByGuard = true;
            return ValueTask.FromResult<GatewayError?>(refusal);
        }

        return exchange.Snapshot.Guards.IsOff ? default : CheckAllAsync(exchange, plan, isKnown);
    }

    private async ValueTask<GatewayError?> CheckAllAsync(Exchange exchange, RoutePlan plan, bool isKnown)
    {
        GuardRules rules = exchange.Snapshot.Guards;
        Placeholders? masked = null;
        GatewayError? refusal = null;
        bool applies = !rules.Redaction.IsEmpty && (rules.RedactsAll || (!(isKnown && rules.WebhookIsHome) && rules.MayLeave(plan)));
        if (applies)
        {
            (refusal, masked) = await RedactAsync(exchange, plan, rules);
        }

        if (refusal is null && rules.Webhook is not null && rules.WebhookOptions.On != Configuration.Options.WebhookStage.After)
        {
            refusal = await webhook.AskAsync(exchange, rules, answer: null);
        }

        if (rules.LogsPrompts)
        {
            LogPrompt(exchange, rules, isMasked: masked is not null);
        }

        bool checksAnswer = rules.Webhook is not null && rules.WebhookOptions.On != Configuration.Options.WebhookStage.Before;
        if (refusal is null && !isKnown && (masked is not null || checksAnswer) && !exchange.Endpoint.AnswersBinary)
        {
            exchange.AnswerGuard = new AnswerGuard(exchange, masked, checksAnswer ? answer => RefusedAsync(exchange, rules, answer) : null);
        }

        exchange.IsRefusedByGuard |= refusal is not null;
        return refusal;
    }

    private async ValueTask<GatewayError?> RefusedAsync(Exchange exchange, GuardRules rules, ReadOnlyMemory<byte> answer)
    {
        GatewayError? refusal = await webhook.AskAsync(exchange, rules, answer);
        exchange.IsRefusedByGuard |= refusal is not null;
        return refusal;
    }

    private async ValueTask<(GatewayError? Refusal, Placeholders? Masked)> RedactAsync(Exchange exchange, RoutePlan plan, GuardRules rules)
    {
        var names = new Placeholders();
        var redactor = new Redactor(rules.Redaction, names);
        if (exchange.Form is { } form)
        {
            bool isHeld = await FormText.AnyAsync(exchange.Body!.Bytes, form.Boundary, redactor);
            return (isHeld ? Blocked(redactor, "A field of the form") : HeldBack(exchange, plan, redactor), null);
        }

        using var output = new PooledWriter();
        bool isMasked = redactor.Mask(exchange.Body!.Span, output);
        LogFinds(redactor, rules.Redaction, exchange.Id);
        if (redactor.Blocked is not null)
        {
            return (Blocked(redactor, "The request"), null);
        }

        if (HeldBack(exchange, plan, redactor) is { } named)
        {
            return (named, null);
        }

        exchange.ChangeForwarded(redactor.Mask);
        if (redactor.Blocked is not null)
        {
            return (Blocked(redactor, "A header"), null);
        }

        if (!isMasked)
        {
            return default;
        }

        RequestBody? body = exchange.Body.Replacement(output.Written);
        return body is not null && exchange.TryMask(body) ? (null, names) : (Limits.BufferBudget.Full(), null);
    }

    /// <summary>The model's name is the one text that cannot be masked; it is the caller's own only at a wildcard LLM.</summary>
    private static GatewayError? HeldBack(Exchange exchange, RoutePlan plan, Redactor redactor)
    {
        foreach (RouteTarget target in plan.Targets)
        {
            if (target.Deployment.IsWildcard && redactor.Holds(target.Model))
            {
                exchange.RequestedModel = "(withheld)"; // It stands in the log and in the books.
                return Blocked(redactor, "The model's name");
            }
        }

        return exchange.Http.Request.Headers.Accept is { Count: > 0 } accept && redactor.Holds(accept.ToString()) ? Blocked(redactor, "The header accept") : null;
    }

    private static GatewayError Blocked(Redactor redactor, string where) => new(
        ErrorCode.ContentBlocked,
        $"{where} holds what this gateway does not send on (found by the detector \"{redactor.Found?.Name}\", LlmProxy:Guards:Redact). Take it out and ask again.");

    private void LogFinds(Redactor redactor, RedactionRules rules, string callId)
    {
        for (int i = 0; i < rules.All.Length; i++)
        {
            if (redactor.Counts[i] > 0 && rules.All[i].Detector != rules.Literals && (rules.All[i].Action != RedactionAction.Mask || logger.IsEnabled(LogLevel.Debug)))
            {
                logger.Redacted(rules.All[i].Detector.Name, redactor.Counts[i], rules.All[i].Action switch { RedactionAction.Log => "logged", RedactionAction.Block => "blocked", _ => "masked" }, callId);
            }
        }
    }

    /// <summary>With redaction the log has the masked text also of calls that stay in the house.</summary>
    private void LogPrompt(Exchange exchange, GuardRules rules, bool isMasked)
    {
        if (exchange.Peek is null || !logger.IsEnabled(LogLevel.Information))
        {
            return;
        }

        using var output = new PooledWriter();
        ReadOnlySpan<byte> text = exchange.Body!.Span;
        if (!isMasked && rules.Redaction.Protects)
        {
            var redactor = new Redactor(rules.Redaction, new Placeholders());
            text = redactor.Mask(text, output) ? output.Written : text;
            text = redactor.Blocked is null ? text : "(not logged: it holds what Guards:Redact blocks)"u8;
        }

        int length = Math.Min(text.Length, MostLoggedBytes);
        logger.PromptSensitive(exchange.Id, Encoding.UTF8.GetString(text[..length]) + (length < text.Length ? "…" : ""));
    }
}
