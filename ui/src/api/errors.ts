/** What every error of the server looks like. */
export interface ErrorBody {
  id?: string;
  name?: string;
  message?: string;
  details?: { message: string; path?: string; position?: number; length?: number; suggestion?: string }[];
  permissions?: string[];
}

/** An answer that is not what was asked for. `status` 0: there was none. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody = {},
  ) {
    super(body.message ?? `The server answered ${status}.`);
    this.name = 'ApiError';
  }

  /** What to say beside the field that `path` ends with (`/body/name`). */
  about(field: string): string | undefined {
    return this.body.details?.find((each) => each.path?.endsWith(`/${field}`))?.message;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'Something unknown went wrong.';
}

/** Asking again cannot help: it is we who asked for something wrong. */
export function isOurFault(error: unknown): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
}
