namespace LlmProxy.Providers.Bedrock;

/// <summary>
/// Keeps the keys that AWS's own chain found, for all calls: asked for once however many wait, and asked again every
/// minute, because the chain renews what expires. A chain that found nothing is left alone for a while: looking for an
/// instance's role costs seconds where there is none.
/// </summary>
internal sealed class AwsKeyRing(TimeProvider time, Func<CancellationToken, Task<AwsKeys>> fetch)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly Lock _lock = new();
    private AwsKeys? _keys;
    private Task<AwsKeys>? _fetching;
    private DateTimeOffset _freshUntil;
    private DateTimeOffset _notBefore;
    private Exception? _lastFailure;

    public ValueTask<AwsKeys> GetAsync(CancellationToken cancellation)
    {
        Task<AwsKeys> fetching;
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (_keys is not null && now < _freshUntil)
            {
                return ValueTask.FromResult(_keys);
            }

            if (_fetching is null && now < _notBefore)
            {
                throw None(_lastFailure!);
            }

            fetching = _fetching ??= FetchAsync();
        }

        return WaitAsync(fetching, cancellation);
    }

    /// <summary>AWS refused the keys: the next call asks the chain for others.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _keys = null;
        }
    }

    private static async ValueTask<AwsKeys> WaitAsync(Task<AwsKeys> fetching, CancellationToken cancellation)
    {
        try
        {
            return await fetching.WaitAsync(cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw None(e);
        }
    }

    /// <summary>Belongs to no call: it goes on when the call that began it has gone.</summary>
    private async Task<AwsKeys> FetchAsync()
    {
        await Task.Yield(); // The lock is held until the task has been stored, and the chain looks into files first.
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            AwsKeys keys = await fetch(patience.Token);
            lock (_lock)
            {
                _keys = keys;
                _freshUntil = time.GetUtcNow() + Fresh;
            }

            return keys;
        }
        catch (Exception e)
        {
            lock (_lock)
            {
                _lastFailure = e;
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

    private static NoCredentialException None(Exception e) => new(
        "No AWS credentials for Bedrock could be had. Set Auth.bearer_token_env, or Auth.access_key_id_env and Auth.secret_access_key_env, or give this machine an AWS profile or role that may call bedrock:InvokeModel.",
        e);
}
