using System.Data.Common;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Admin;

/// <summary>Something that only operators ask for. An error says why it was not done; null: it has answered.</summary>
internal delegate Task<GatewayError?> AdminAction(HttpContext http, GatewaySnapshot snapshot);

/// <summary>The operators' door: nobody without the admin key gets past it, and whoever is refused hears what to do.</summary>
internal sealed class AdminDoor(SnapshotHolder snapshots, KeyGate keys, ILogger<AdminDoor> logger)
{
    private const string Setting = "LLMPROXY_ADMIN_KEY (or LlmProxy:Auth:AdminKey)";

    /// <summary>What is behind the door, for the routes to be mapped.</summary>
    public RequestDelegate Behind(AdminAction action) => http => RunAsync(http, action);

    /// <summary>Null for the operator.</summary>
    private GatewayError? Admit(HttpRequest request, GatewaySnapshot snapshot)
    {
        if (snapshot.AuthMode == AuthMode.Open && OpenModeGuard.Check(request) is { } foreign)
        {
            return foreign;
        }

        if (!snapshot.Keys.HasAdmin)
        {
            return new GatewayError(ErrorCode.AdminOnly, $"This gateway has no admin key, so nobody may administer it. Set {Setting} to a long random text.");
        }

        ReadOnlySpan<char> key = KeyGate.Presented(request.Headers, out _);
        if (key.IsEmpty)
        {
            return new GatewayError(ErrorCode.InvalidApiKey, "No admin key was sent. Send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'.");
        }

        return snapshot.Keys.Find(key) switch
        {
            null => keys.Stranger(request.HttpContext, snapshot, new GatewayError(ErrorCode.InvalidApiKey, $"The key is not the admin key of this gateway ({Setting}).")),
            { } known when ReferenceEquals(known, Caller.Operator) => null,
            _ => new GatewayError(ErrorCode.AdminOnly, $"This is a caller's key. Only the admin key opens this ({Setting})."),
        };
    }

    private async Task RunAsync(HttpContext http, AdminAction action)
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (!snapshot.Options.Admin.Enabled)
        {
            await ClientRoutes.RefuseUnknown(http);
            return;
        }

        string id = Guid.CreateVersion7().ToString();
        GatewayError? error;
        try
        {
            error = Admit(http.Request, snapshot) ?? await action(http, snapshot);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (BadHttpRequestException e)
        {
            error = RequestReader.Malformed(e);
        }
        catch (DbException e)
        {
            error = DatabaseGone(e.Message);
        }
        catch (Exception e)
        {
            logger.AdminActionBroke(e, id);
            error = new GatewayError(ErrorCode.InternalError, $"The gateway failed on this. Its log has the details under the request id {id}.");
        }

        if (error is not null && !http.Response.HasStarted)
        {
            http.Response.Headers.CacheControl = "no-store";
            await ErrorAnswer.SendAsync(http, error, id);
        }
    }

    /// <summary>The operator may hear why; the reason holds no credentials.</summary>
    public static GatewayError DatabaseGone(string reason) => new(
        ErrorCode.DatabaseUnavailable,
        $"The database cannot be used, so this cannot be kept or read now. {reason.TrimEnd('.')}. Calls are served all the same; the gateway keeps trying (LlmProxy:Database:Connection).")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };
}

internal static partial class AdminLog
{
    [LoggerMessage(9301, LogLevel.Error, "An admin request failed ({Id})")]
    public static partial void AdminActionBroke(this ILogger logger, Exception exception, string id);

    [LoggerMessage(9302, LogLevel.Information, "The default was changed by {Who}: {Before} -> {After}")]
    public static partial void DefaultChanged(this ILogger logger, string who, string before, string after);
}
