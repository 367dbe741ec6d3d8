using LlmProxy.Limits;

namespace LlmProxy.Pipeline;

/// <summary>May the call, now? What it is given it holds until its end, and what is left of its limits its answer says.</summary>
internal sealed class Admission(LimitGate limits, CallRecorder recorder)
{
    public async ValueTask<GatewayError?> AdmitAsync(Exchange exchange, LimitSubject subject)
    {
        LimitDecision decision = await limits.ReserveAsync(subject, exchange.Aborted);
        exchange.Take(decision);
        if (decision.Refusal is { } refusal)
        {
            recorder.Limited(refusal);
        }

        return decision.Refusal;
    }
}
