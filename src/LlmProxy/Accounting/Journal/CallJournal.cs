#pragma warning disable CA1822 // Filled in next.
namespace LlmProxy.Accounting.Journal;

/// <summary>The process's own memory of its calls, which outlives the process. See design.md "Accounting that survives a kill".</summary>
internal sealed class CallJournal
{
    /// <summary>False: the journal is full and refuses new calls. What runs can always be settled.</summary>
    public bool MayBegin => true;

    /// <summary>A call is about to be dispatched. The draft is what the ledger says of it if this process dies now.</summary>
    public void Begin(CallRow draft, IRunningCall call)
    {
    }

    /// <summary>Another LLM was chosen: from here on this draft holds.</summary>
    public void Changed(CallRow draft)
    {
    }

    /// <summary>The call is over, or is about to be: the first row of an id counts. Calls without a Begin (cached ones) come here alone.</summary>
    public void Settle(CallRow row)
    {
    }
}
