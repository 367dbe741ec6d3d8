using System.Text;
using System.Text.Json;
using LlmProxy.Pipeline;
using Microsoft.Net.Http.Headers;

namespace LlmProxy.Admin;

/// <summary>Writes a report as JSON or as CSV, as it was asked for; long ones piece by piece.</summary>
internal static class ReportAnswer
{
    private const int PieceBytes = 32 * 1024;

    /// <summary>CSV where it is named and JSON is not liked better.</summary>
    public static bool IsCsv(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out IList<MediaTypeHeaderValue>? accepted))
        {
            return false;
        }

        double csv = accepted.Where(type => type.MediaType.Equals("text/csv", StringComparison.OrdinalIgnoreCase)).Select(type => type.Quality ?? 1).DefaultIfEmpty().Max();
        double json = accepted.Where(type => type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)).Select(type => type.Quality ?? 1).DefaultIfEmpty().Max();
        return csv > 0 && csv >= json;
    }

    /// <summary>Null always: it has answered.</summary>
    /// <param name="about">What is said besides the rows, before them.</param>
    public static async Task<GatewayError?> SendAsync<T>(
        HttpContext http, string name, ReportColumn<T>[] columns, IReadOnlyList<T> rows, Action<Utf8JsonWriter> about, string list = "data", Action<Utf8JsonWriter>? after = null)
    {
        if (IsCsv(http.Request))
        {
            return await SendCsvAsync(http, name, columns, rows, static _ => Task.FromResult<IReadOnlyList<T>>([]));
        }

        Begin(http.Response, "application/json");
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter, AdminJson.Writing);
        json.WriteStartObject();
        about(json);
        json.WriteStartArray(list);
        foreach (T row in rows)
        {
            json.WriteStartObject();
            Write(json, columns, row);
            json.WriteEndObject();
            if (json.BytesPending > PieceBytes)
            {
                await json.FlushAsync(http.RequestAborted);
                await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
            }
        }

        json.WriteEndArray();
        after?.Invoke(json);
        json.WriteEndObject();
        return null;
    }

    /// <summary>Asks for more as long as there is more. What is interrupted is cut off, never ended as if it were whole.</summary>
    /// <param name="more">What follows these rows; empty: nothing.</param>
    public static async Task<GatewayError?> SendCsvAsync<T>(HttpContext http, string name, ReportColumn<T>[] columns, IReadOnlyList<T> rows, Func<IReadOnlyList<T>, Task<IReadOnlyList<T>>> more)
    {
        Begin(http.Response, "text/csv; charset=utf-8; header=present");
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}.csv\"";
        var piece = new StringBuilder(PieceBytes);
        piece.AppendJoin(',', columns.Select(column => column.Name));
        CsvText.End(piece);
        try
        {
            for (; rows.Count > 0; rows = await more(rows))
            {
                foreach (T row in rows)
                {
                    AppendRow(piece, columns, row);
                    if (piece.Length > PieceBytes)
                    {
                        await SendPieceAsync(http, piece);
                    }
                }

                await SendPieceAsync(http, piece);
            }

            await SendPieceAsync(http, piece);
            return null;
        }
        catch when (http.Response.HasStarted)
        {
            http.Abort();
            throw;
        }
    }

    public static void Write<T>(Utf8JsonWriter json, ReportColumn<T>[] columns, T row)
    {
        foreach (ReportColumn<T> column in columns)
        {
            column.Read(row).Write(json, column.Name);
        }
    }

    private static void AppendRow<T>(StringBuilder piece, ReportColumn<T>[] columns, T row)
    {
        for (int i = 0; i < columns.Length; i++)
        {
            if (i > 0)
            {
                piece.Append(',');
            }

            CsvText.Append(piece, columns[i].Read(row));
        }

        CsvText.End(piece);
    }

    private static async Task SendPieceAsync(HttpContext http, StringBuilder piece)
    {
        Encoding.UTF8.GetBytes(piece.ToString(), http.Response.BodyWriter);
        piece.Clear();
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static void Begin(HttpResponse response, string type)
    {
        response.ContentType = type;
        response.Headers.CacheControl = "no-store";
        response.Headers.Vary = "Accept";
        response.Headers["x-request-id"] = Guid.CreateVersion7().ToString();
    }
}
