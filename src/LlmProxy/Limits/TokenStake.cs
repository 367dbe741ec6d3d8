namespace LlmProxy.Limits;

/// <summary>The tokens that one call takes of one holder's minute: what it may need while it runs, then what it needed.</summary>
internal struct TokenStake(LimitHolder? holder, long limit)
{
    private long _entry = -1;
    private long _inWindow; // Only this much of the entry's bundle is the call's own.
    private long _taken;

    /// <summary>
    /// The whole that the call takes from here on. Less frees room at once, where the call's entry stands; more counts there
    /// too, or from now where that minute is over.
    /// </summary>
    public void Take(long tokens, TimeSpan now)
    {
        if (holder is null || tokens == _taken)
        {
            return;
        }

        long by = tokens - _taken;
        _taken = tokens;
        if (_entry >= 0 && holder.CorrectTokens(_entry, Math.Max(by, -_inWindow), now) is { } corrected)
        {
            _inWindow += corrected;
        }
        else if (by > 0)
        {
            _entry = holder.TakeTokens(by, limit, now);
            _inWindow = by;
        }
        else
        {
            (_entry, _inWindow) = (-1, 0);
        }
    }
}
