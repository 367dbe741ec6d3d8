using LlmProxy.Limits;

namespace LlmProxy.Accounting;

/// <summary>One admitted call's account: what it holds of limits and budgets, and whether its row is written.</summary>
internal sealed class CallAccount(Hold hold)
{
    public Hold Hold => hold;

    /// <summary>The call's row; null until it is settled.</summary>
    public CallRow? Row { get; set; }
}
