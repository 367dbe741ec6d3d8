using LlmProxy.Limits;

namespace LlmProxy.Pipeline;

/// <summary>May the call, now? What it is given it holds until its end, and what is left of its limits its answer says.</summary>
internal sealed class Admission(LimitGate limits, CallRecorder recorder)
{
    public ValueTask<GatewayError?> AdmitAsync(Exchange exchange, in LimitSubject subject)
    {
        ValueTask<LimitDecision> decision = limits.ReserveAsync(subject, exchange.Aborted);
        return decision.IsCompletedSuccessfully ? new(Take(exchange, decision.Result)) : WaitAsync(exchange, decision);
    }

    private async ValueTask<GatewayError?> WaitAsync(Exchange exchange, ValueTask<LimitDecision> decision) => Take(exchange, await decision);

    private GatewayError? Take(Exchange exchange, in LimitDecision decision)
    {
        exchange.Take(decision);
        if (decision.Refusal is { } refusal)
        {
            recorder.Limited(refusal);
        }

        return decision.Refusal;
    }
}
