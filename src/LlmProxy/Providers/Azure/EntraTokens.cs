namespace LlmProxy.Providers.Azure;

/// <summary>A bearer token and its life. A class, so that it is swapped whole.</summary>
internal sealed record EntraToken(string Value, DateTimeOffset ExpiresOn, DateTimeOffset? RefreshOn = null)
{
    public override string ToString() => $"token until {ExpiresOn:u}";
}

/// <summary>
/// Keeps one Entra token fresh for all calls: fetched once however many wait for it, and renewed behind the calls well
/// before it ends, so that only the very first call pays for signing in.
/// </summary>
internal sealed class EntraTokens(TimeProvider time, Func<CancellationToken, ValueTask<EntraToken>> fetch)
{
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private EntraToken? _token;
    private Task<EntraToken>? _fetching;
    private DateTimeOffset _notBefore;

    public async ValueTask<string> GetAsync(CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        EntraToken? token = Volatile.Read(ref _token);
        if (token is not null && now < token.ExpiresOn - Margin)
        {
            if (now >= (token.RefreshOn ?? token.ExpiresOn - Ahead))
            {
                RenewBehind(now);
            }

            return token.Value;
        }

        try
        {
            return (await Fetching().WaitAsync(cancellation)).Value;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw new NoCredentialException(
                "No Entra ID token for Azure could be had. Set Auth.api_key_env, or give this machine an identity (managed identity, AZURE_CLIENT_ID and its companions, az login) with the role Cognitive Services OpenAI User.",
                e);
        }
    }

    private Task<EntraToken> Fetching()
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
    private async Task<EntraToken> FetchAsync()
    {
        await Task.Yield(); // The lock is held until the task has been stored.
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            EntraToken token = await fetch(patience.Token);
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
