using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Endpoints;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Storage;

namespace LlmProxy.Admin;

/// <summary>What the routes of keys and of workspaces have in common: how a change is read, made, remembered and answered.</summary>
internal sealed class AccessRoutes(DatabaseKeeper databases, AccessBook book, SnapshotHolder snapshots, BufferBudget budget, TimeProvider time)
{
    /// <summary>There is one admin key, and whoever holds it is nobody in particular.</summary>
    public const string Who = "admin key";

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>What is in force at this moment.</summary>
    public GatewaySnapshot Snapshot => snapshots.Current;

    /// <summary>What the database last said.</summary>
    public StoredAccess Stored => book.Current;

    /// <summary>Reads the body, lets it be judged, and makes the change that comes of it.</summary>
    /// <param name="http">The request.</param>
    /// <param name="snapshot">What it began with.</param>
    /// <param name="fields">The members that its body may have; null: it may have none.</param>
    /// <param name="decide">Given the body's object, all that the database holds, and the time.</param>
    /// <param name="answer">Writes the answer's members.</param>
    public async Task<GatewayError?> ChangeAsync(
        HttpContext http, GatewaySnapshot snapshot, OptionFields? fields, Func<JsonElement, StoredAccess, DateTimeOffset, AccessChange> decide, Action<Utf8JsonWriter, AccessChange> answer)
    {
        using var body = new AdminBody(budget, time);
        if (await body.ReadAsync(http, snapshot, AdminBody.SmallBytes, fields?.Names ?? [], mayBeEmpty: fields is null) is { } wrong)
        {
            return wrong;
        }

        if (databases.Current is not { } database)
        {
            return AdminDoor.DatabaseGone(databases.WhyAway);
        }

        // Nobody who has asked for a change may leave it half told: once begun, it is done.
        AccessChange change = await book.ChangeAsync(database, (now, moment) => decide(body.Root, now, moment), Who, CancellationToken.None);
        if (change.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!change.IsNothing)
        {
            databases.RememberAccess();
        }

        return await AdminJson.SendAsync(http, json => answer(json, change));
    }

    /// <summary>The id or name in the address.</summary>
    public static string IdOf(HttpContext http) => RouteText.Of(http, "id");

    public static GatewayError Unknown(string what, string id, IEnumerable<string> names) => new(
        ErrorCode.UnknownName,
        $"No {what} has this id or name.{AdminJson.Near(id, names.Take(1000))}");

    public static GatewayError FromConfiguration(string what, string name) => new(
        ErrorCode.Conflict,
        $"The {what} \"{name}\" is written in the configuration and can only be changed there.");

    /// <summary>For the audit trail.</summary>
    public static string Text(Action<Utf8JsonWriter> writeMembers)
    {
        var text = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(text, AdminJson.Writing))
        {
            json.WriteStartObject();
            writeMembers(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.WrittenSpan);
    }
}
