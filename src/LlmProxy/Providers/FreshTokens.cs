namespace LlmProxy.Providers;

/// <summary>A bearer token and its life, with the project that pays for it where a cloud wants to know. A class, so that it is swapped whole.</summary>
internal sealed record BearerToken(string Value, DateTimeOffset ExpiresOn, DateTimeOffset? RefreshOn = null, string? QuotaProject = null)
{
    public override string ToString() => $"token until {ExpiresOn:u}";
}

/// <summary>
/// Keeps one credential's token fresh for all calls: fetched once however many wait for it, and renewed behind the calls well
/// before it ends, so that only the very first call pays for signing in.
/// </summary>
/// <param name="remedy">What to say when none can be had.</param>
internal sealed class FreshTokens(TimeProvider time, string remedy, Func<CancellationToken, ValueTask<BearerToken>> fetch)
{
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private BearerToken? _token;
    private Task<BearerToken>? _fetching;
    private DateTimeOffset _notBefore;

    public async ValueTask<BearerToken> GetAsync(CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        BearerToken? token = Volatile.Read(ref _token);
        if (token is not null && now < token.ExpiresOn - Margin)
        {
            if (now >= (token.RefreshOn ?? token.ExpiresOn - Ahead))
            {
                RenewBehind(now);
            }

            return token;
        }

        try
        {
            return await Fetching().WaitAsync(cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw new NoCredentialException(remedy, e);
        }
    }

    private Task<BearerToken> Fetching()
    {
        lock (_lock)
        {
            return _fetching ??= FetchAsync();
        }
    }

    private void RenewBehind(DateTimeOffset now)
    {
        lock (_lock)
        {
            if (_fetching is null && now >= _notBefore)
            {
                // The token at hand still works: a failure here only means another try a little later.
                _fetching = FetchAsync();
                _ = _fetching.ContinueWith(static done => _ = done.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
        }
    }

    /// <summary>Belongs to no call: it goes on when the call that began it has gone.</summary>
    private async Task<BearerToken> FetchAsync()
    {
        await Task.Yield(); // The lock is held until the task has been stored.
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            // Some clouds' clients end some of their waits only by themselves.
            BearerToken token = await fetch(patience.Token).AsTask().WaitAsync(patience.Token);
            Volatile.Write(ref _token, token);
            return token;
        }
        catch
        {
            lock (_lock)
            {
                _notBefore = time.GetUtcNow() + RestAfterFailure;
            }

            throw;
        }
        finally
        {
            lock (_lock)
            {
                _fetching = null;
            }
        }
    }
}
