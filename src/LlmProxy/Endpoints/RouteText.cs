using System.Globalization;

namespace LlmProxy.Endpoints;

/// <summary>A part of the path that names something, as its sender meant it.</summary>
internal static class RouteText
{
    /// <summary>Routing leaves an encoded slash as it came: many clients encode those of a model's name.</summary>
    public static string Of(HttpContext http, string part) =>
        (Convert.ToString(http.Request.RouteValues[part], CultureInfo.InvariantCulture) ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
